import './fastify.ts'

export type * from './adapter.ts'
export type * from './dialect.ts'
export type * from './events.ts'
export type * from './keys.ts'
export type * from './options.ts'
export type * from './router.ts'
export type * from './session.ts'
