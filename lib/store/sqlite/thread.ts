import { Worker } from 'node:worker_threads'
import type { Start } from './messages.ts'

/** Starts the thread of SQLite. */
export function startThread (workerData: Start): Worker {
  const compiled = new URL('./worker.js', import.meta.url)
  // Not the flags of the process, of which some are refused in a thread. Node says of its own SQLite that it may change; whoever runs a gateway need not know.
  const execArgv = ['--disable-warning=ExperimentalWarning']
  if (!import.meta.url.endsWith('.ts')) return new Worker(compiled, { workerData, execArgv })
  // In development this runs from its source, and a thread does not get the loader of its process.
  const source = JSON.stringify(new URL('./worker.ts', import.meta.url).href)
  return new Worker(`import('tsx/esm/api').then(({ register }) => { register(); return import(${source}) })`, { eval: true, workerData, execArgv })
}
