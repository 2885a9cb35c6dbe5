export interface SliceOptions {
  readonly warmUpMs: number
  readonly measureMs: number
}

/** What one subject did in one short stretch of load. */
export interface Slice {
  /** Processor time of the subject for one frame up and one frame down. */
  readonly cpuMicros: number
  readonly roundTripsPerSecond: number
  /** Share of its processor that the subject used, 0 to 1. */
  readonly subjectBusy: number
  /** Share of the time in which a thread of it could have run and something else had the processor. */
  readonly subjectWait: number
  /** Share of their processor that load generator and upstream used together. */
  readonly loadBusy: number
  /** Saturated: of a round trip. Paced: of one frame on its way. */
  readonly p50Ms: number
  readonly p99Ms: number
}
