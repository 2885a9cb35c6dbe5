import { classifyAnswer, createRouter, openai, xai } from 'fastify-realtime-gateway'
import type {
  HandshakeRequest, Deployment, Dialect, Principal, RealtimeErrorEvent, RealtimeEvent, RouteOutcome, RouteRequest, Router, UpstreamAdapter, UpstreamAnswer, UpstreamRefusal,
  Translated, UpstreamRequest
} from 'fastify-realtime-gateway'
import { describe, expect, test } from 'tstyche'

const deployment: Deployment = { id: 'a', model: 'voice', target: 'acme/parrot' }

describe('Router', () => {
  test('may be an object with one function, synchronous or not', () => {
    expect<Router>().type.toBeAssignableFrom({ candidates: () => [deployment] })
    expect<Router>().type.toBeAssignableFrom({ candidates: async () => [] })
    expect<Router>().type.not.toBeAssignableFrom({ candidates: () => deployment })
    expect<Router>().type.not.toBeAssignableFrom({ candidates: () => ['voice'] })
  })

  test('may be a class', () => {
    class Always implements Router {
      candidates ({ model, principal, query }: RouteRequest): Deployment[] {
        return model === principal.id || query.has('any') ? [deployment] : []
      }

      report (outcome: RouteOutcome): void {
        if (outcome.type === 'refused') expect(outcome.refusal).type.toBe<UpstreamRefusal>()
        if (outcome.type === 'ended') expect(outcome.closeCode).type.toBe<number>()
        if (outcome.type === 'ready') expect(outcome.ms).type.toBe<number>()
      }
    }
    expect<Router>().type.toBeAssignableFrom(new Always())
  })

  test('the built-in one is one', () => {
    expect(createRouter([deployment])).type.toBeAssignableTo<Router>()
  })

  test('sees who asks, and never a credential', () => {
    expect<keyof RouteRequest>().type.toBe<'model' | 'principal' | 'query' | 'tags' | 'user' | 'serves'>()
    expect<keyof Principal>().type.toBe<'id' | 'keyHash' | 'models' | 'expiresAt' | 'blocked' | 'team' | 'user' | 'teamPolicy' | 'maxParallelRequests' | 'rpmLimit' | 'maxSessionSeconds' | 'finishTurn' | 'fallbacks' | 'tags' | 'dialect' | 'metadata'>()
  })
})

describe('UpstreamAdapter', () => {
  test('needs a provider and a request', () => {
    expect<UpstreamAdapter>().type.toBeAssignableFrom({
      provider: 'acme',
      request: ({ baseUrl = 'wss://acme.example', apiKey = '' }: Deployment, { query }: HandshakeRequest): UpstreamRequest => ({
        url: `${baseUrl}?${query}`, headers: { 'X-Key': apiKey }
      })
    })
    expect<UpstreamAdapter>().type.not.toBeAssignableFrom({ provider: 'acme' })
    expect<UpstreamAdapter>().type.not.toBeAssignableFrom({ provider: 'acme', request: async () => ({ url: '', headers: {} }) })
  })

  test('tells the ways in which an upstream may answer apart', () => {
    const classify: UpstreamAdapter['classify'] = answer => {
      if (answer.type === 'status') expect(answer.status).type.toBe<number>()
      if (answer.type === 'event') expect(answer.event).type.toBe<RealtimeEvent>()
      if (answer.type === 'close') expect(answer.code).type.toBe<number>()
      return classifyAnswer(answer)
    }
    expect(classify).type.toBeAssignableTo<(answer: UpstreamAnswer) => UpstreamRefusal | undefined>()
  })

  test('the built-in ones are some', () => {
    expect(openai).type.toBe<UpstreamAdapter>()
    expect(xai).type.toBe<UpstreamAdapter>()
  })
})

describe('events', () => {
  test('have a type, and fields that nobody has checked', () => {
    expect<RealtimeEvent['type']>().type.toBe<string>()
    expect<RealtimeEvent['session']>().type.toBe<unknown>()
  })

  test('an error event is an event', () => {
    expect<{ [K in keyof RealtimeErrorEvent]: RealtimeErrorEvent[K] }>().type.toBeAssignableTo<RealtimeEvent>()
  })
})

describe('Dialect', () => {
  const counting: Dialect<{ turns: number }> = {
    name: 'acme',
    start: () => ({ turns: 0 }),
    clientToUpstream: { 'input_audio_buffer.append': 'mic' },
    upstreamToClient: {
      over (event, state) {
        state.turns++
        return [{ ...event, type: 'response.done' }, { answer: { type: 'thanks' } }]
      }
    }
  }

  test('may have a state of its own, which is nobody else\'s business', () => {
    expect<UpstreamAdapter>().type.toBeAssignableFrom({ provider: 'acme', request: () => ({ url: 'wss://a', headers: {} }), dialect: () => counting })
    expect<UpstreamAdapter['dialect']>().type.toBeAssignableFrom(() => 'beta' as const)
    expect<UpstreamAdapter['dialect']>().type.not.toBeAssignableFrom(() => 'acme')
  })

  test('gives events and answers, and nothing else', () => {
    expect<Translated>().type.toBeAssignableFrom(undefined)
    expect<Translated>().type.toBeAssignableFrom([{ type: 'a' }, { answer: { type: 'b' } }])
    expect<Translated>().type.not.toBeAssignableFrom('a')
  })
})
