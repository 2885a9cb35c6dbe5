import type { FastifyInstance } from 'fastify'
import { randomUUID } from 'node:crypto'
import { changedBy } from './caller.ts'
import { notFound } from './errors.ts'
import { bodySchema, checkBody, teamFields } from './fields.ts'
import { bodyLimit, described, id, object } from './schemas.ts'
import { given, keyRow, teamPatchOf, teamRow } from './shape.ts'
import type { TeamBody } from './shape.ts'
import type { ManagementTools } from './tools.ts'

/** Keys of a team that `/team/info` shows at most. */
const mostKeys = 100

/** The routes of teams, which only the master key opens. */
export function teamRoutes (scope: FastifyInstance, { keys }: ManagementTools): void {
  scope.post<{ Body: TeamBody }>('/team/new', { bodyLimit, schema: described('teams', 'newTeam', 'Make a team.', { body: bodySchema(teamFields) }) }, async request => {
    checkBody(request.body, teamFields)
    return teamRow(await keys.createTeam({ ...given(teamPatchOf(request.body)), id: request.body.team_id || randomUUID() }, changedBy(request)))
  })

  scope.post<{ Body: TeamBody & { readonly team_id: string } }>('/team/update', {
    bodyLimit, schema: described('teams', 'updateTeam', 'Change a team: null takes a field away.', { body: bodySchema({ ...teamFields, team_id: { use: 'kept', schema: id } }, ['team_id']) })
  }, async request => {
    checkBody(request.body, teamFields)
    const { team_id: teamId } = request.body
    const before = await keys.findTeam(teamId)
    if (before === undefined) throw notFound('Team', 'team_id')
    const team = await keys.updateTeam(teamId, teamPatchOf(request.body, before), changedBy(request))
    return { team_id: teamId, data: teamRow(team) }
  })

  scope.post<{ Body: { readonly team_ids: readonly string[] } }>('/team/delete', {
    bodyLimit, schema: described('teams', 'deleteTeams', 'Delete teams with all their keys; their sessions end.', { body: object({ team_ids: { type: 'array', minItems: 1, maxItems: 1_000, items: id } }, ['team_ids']) })
  }, async request => {
    const deleted = await keys.deleteTeams(request.body.team_ids, changedBy(request))
    if (deleted.length === 0) throw notFound('Team', 'team_ids')
    return { deleted_teams: deleted }
  })

  for (const [url, operationId, summary, patch] of [
    ['/team/block', 'blockTeam', 'Block a team; the sessions of its keys end.', { blocked: true }],
    ['/team/unblock', 'unblockTeam', 'Let a blocked team in again.', { blocked: false }]
  ] as const) {
    scope.post<{ Body: { readonly team_id: string } }>(url, { bodyLimit, schema: described('teams', operationId, summary, { body: object({ team_id: id }, ['team_id']) }) }, async request => {
      return teamRow(await keys.updateTeam(request.body.team_id, patch, changedBy(request)))
    })
  }

  scope.get<{ Querystring: { readonly team_id: string } }>('/team/info', { schema: described('teams', 'teamInfo', 'What is known of a team.', { querystring: object({ team_id: id }, ['team_id']) }) }, async ({ query: { team_id: teamId } }) => {
    const team = await keys.findTeam(teamId)
    if (team === undefined) throw notFound('Team', 'team_id')
    return { team_id: teamId, team_info: teamRow(team), keys: (await keys.listKeys({ team: teamId, limit: mostKeys })).keys.map(keyRow), team_memberships: [] }
  })

  scope.get('/team/list', { schema: described('teams', 'listTeams', 'List teams, newest first.', { answer: { type: 'array', items: { type: 'object', additionalProperties: true } } }) }, async () => {
    return (await keys.listTeams()).map(team => ({ ...teamRow(team), team_memberships: [], keys: [] }))
  })
}
