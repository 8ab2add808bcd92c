import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import { addTestPeople } from '../../testing/work-off-jobs.ts'
import { addIgnoreRule } from './add-ignore-rule.ts'
import { freezeIgnoreRules, listIgnoreRules } from './list-ignore-rules.ts'
import { removeIgnoreRule } from './remove-ignore-rule.ts'
import { IGNORE_RULES_MAX } from './schemas.ts'

let services: TestServices
const clusterId = 'c1'
const other = 'c2'

beforeEach(async () => {
  services = await createTestServices()
  await addTestPeople(services)
  for (const id of [clusterId, other]) {
    await services.database.client.cluster.create({
      data: { id, name: `cluster ${id}`, connectString: 'x:1', sessionTimeoutMs: 30_000, environment: 'development' },
    })
  }
})
afterEach(() => services.close())

const rule = (pattern: string, more: object = {}) => ({ clusterId, pattern, note: 'meant to be', ...more })

describe('the ignore rules of a cluster', () => {
  it('are kept in the order in which they were made, with who and why, and are of one cluster only', async () => {
    const operator = services.contextFor('operator')
    await addIgnoreRule(operator, rule('/b/**'))
    services.clock.advance(1000)
    const { ruleId } = await addIgnoreRule(operator, rule(' /a/* ', { fields: ['data', 'acl', 'data'] }))
    expect(await listIgnoreRules(operator, clusterId)).toMatchObject([
      { pattern: '/b/**', fields: [], note: 'meant to be', createdByName: 'operator one' },
      { id: ruleId, pattern: '/a/*', fields: ['acl', 'data'] },
    ])
    expect(await freezeIgnoreRules(operator, other)).toEqual([])
    expect(await freezeIgnoreRules(operator, null)).toEqual([])
    expect((await services.readAudit()).at(-1)).toMatchObject({
      action: 'cluster.ignore',
      outcome: 'ok',
      clusterId,
      reason: 'meant to be',
      after: { rule: ruleId, pattern: '/a/*', fields: 'acl data' },
    })
  })

  it('are removed one by one, on record, and once', async () => {
    const operator = services.contextFor('operator')
    const { ruleId } = await addIgnoreRule(operator, rule('/a'))
    await addIgnoreRule(operator, rule('/b'))
    await removeIgnoreRule(operator, { ruleId })
    expect((await listIgnoreRules(operator, clusterId)).map(({ pattern }) => pattern)).toEqual(['/b'])
    expect((await services.readAudit()).at(-1)).toMatchObject({
      action: 'cluster.unignore',
      outcome: 'ok',
      before: { pattern: '/a' },
    })
    await expect(removeIgnoreRule(operator, { ruleId })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('are not for viewers to make or remove, and the attempt is on record', async () => {
    const viewer = services.contextFor('viewer')
    await expect(addIgnoreRule(viewer, rule('/a'))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const { ruleId } = await addIgnoreRule(services.contextFor('operator'), rule('/a'))
    await expect(removeIgnoreRule(viewer, { ruleId })).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect((await services.readAudit()).map((entry) => `${entry.action} ${entry.outcome}`)).toEqual([
      'cluster.ignore denied',
      'cluster.ignore ok',
      'cluster.unignore denied',
    ])
    expect(await listIgnoreRules(viewer, clusterId)).toHaveLength(1)
  })

  it.each([
    ['a path that does not start with /', { pattern: 'a' }, 'pattern'],
    ['a pattern that hides everything', { pattern: '/**' }, 'pattern'],
    ['no reason', { pattern: '/a', note: ' ' }, 'note'],
  ])('refuse %s', async (_what, input, field) => {
    const refused = addIgnoreRule(services.contextFor('operator'), { ...rule('/a'), ...input })
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { fields: { [field]: expect.any(String) } },
    })
  })

  it('may hide one field everywhere, not one rule twice, and not without end', async () => {
    const operator = services.contextFor('operator')
    await addIgnoreRule(operator, rule('/**', { fields: ['acl'] }))
    await expect(addIgnoreRule(operator, rule('/**', { fields: ['acl'] }))).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await services.database.client.ignoreRule.createMany({
      data: Array.from({ length: IGNORE_RULES_MAX }, (_, i) => ({
        id: `r${i}`,
        clusterId,
        pattern: `/x${i}`,
        fields: [],
        note: 'n',
        createdById: 'operator-1',
        createdAt: new Date(services.clock.now()),
      })),
    })
    await expect(addIgnoreRule(operator, rule('/y'))).rejects.toMatchObject({ code: 'TOO_MANY' })
  })
})
