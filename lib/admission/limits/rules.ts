/** How long a claim lasts without being renewed, where nobody says otherwise: two renewals may fail before a session is not counted. */
export const defaultLeaseMs = 30_000

/** What `perMinute` looks back on. */
export const minuteMs = 60_000

/** When a place may be free again: nobody knows when a session ends, and asking once a second costs little. */
export const placeMs = 1_000
