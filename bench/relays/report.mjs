/** Tells the harness the port and collects garbage when it asks. */
export function report (port) {
  process.on('message', () => {
    for (let i = 0; i < 4; i++) globalThis.gc()
    process.send({ collected: true })
  })
  process.on('disconnect', () => process.exit())
  process.on('SIGTERM', () => process.exit())
  process.send({ port })
}
