import { parentPort, workerData } from 'node:worker_threads'
import { connect, findEngine } from './engine.ts'
import type { Answer, Question, Start } from './messages.ts'

// A commit may wait for the disk for longer than a frame may wait for the relay, so SQLite has a thread of its own. A look-up sees the last commit
// while a transaction is under way: it has another connection.
const { file, synchronous } = workerData as Start
const port = parentPort!
const engine = await findEngine()
const connections = { writer: connect(engine, file, synchronous), reader: connect(engine, file, synchronous) }

port.on('message', (question: Question | 'close') => {
  if (question === 'close') {
    connections.reader.close()
    connections.writer.close()
    port.close()
    return
  }
  const { id, connection, sql, params } = question
  let answer: Answer
  try {
    answer = { id, rows: connections[connection].run(sql, params) }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    answer = { id, message, code }
  }
  port.postMessage(answer)
})
port.postMessage('open')
