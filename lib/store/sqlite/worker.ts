import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { connect, findEngine } from './engine.ts'
import type { Answer, Question, Start } from './messages.ts'

/**
 * A commit may wait for the disk for longer than a frame may wait for the relay, so SQLite has a thread of its own. A look-up sees the last
 * commit while a transaction is under way: it has another connection.
 */
async function serve (port: MessagePort, { file, synchronous }: Start): Promise<void> {
  const engine = await findEngine()
  const connections = { writer: connect(engine, file, synchronous), reader: connect(engine, file, synchronous) }

  port.on('message', (question: Question | 'close') => {
    if (question === 'close') {
      connections.reader.close()
      connections.writer.close()
      port.close()
    } else {
      port.postMessage(answerTo(question))
    }
  })
  port.postMessage('open')

  function answerTo ({ id, connection, sql, params }: Question): Answer {
    try {
      return { id, rows: connections[connection].run(sql, params) }
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException
      return { id, message, code }
    }
  }
}

if (parentPort !== null) await serve(parentPort, workerData as Start)
