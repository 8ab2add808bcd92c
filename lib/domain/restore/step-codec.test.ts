import { describe, expect, it } from 'vitest'
import type { PlanStep } from './plan.ts'
import { decodeStep, encodeStep } from './step-codec.ts'

const acl = [
  { perms: 31, scheme: 'digest', id: 'u:aGFzaA==' },
  { perms: 1, scheme: 'world', id: 'anyone' },
]
const present = { kind: 'present', czxid: 0x1f_0000_0001n, version: 3, aversion: 2 } as const
const steps: readonly PlanStep[] = [
  {
    index: 0,
    step: 'create',
    path: '/ü/"q"',
    data: Buffer.from([0, 255]),
    acl,
    kind: 'ttl',
    ttlMs: 5,
    expect: { kind: 'absent' },
  },
  {
    index: 1,
    step: 'create',
    path: '/n',
    data: null,
    acl,
    kind: 'persistent',
    ttlMs: null,
    expect: { kind: 'absent' },
  },
  {
    index: 2,
    step: 'create',
    path: '/e',
    data: Buffer.alloc(0),
    acl,
    kind: 'container',
    ttlMs: null,
    expect: { kind: 'absent' },
  },
  { index: 3, step: 'setData', path: '/a', data: Buffer.from('x'), expect: present },
  { index: 4, step: 'setData', path: '/a', data: null, expect: present },
  { index: 5, step: 'setAcl', path: '/a', acl, expect: present },
  { index: 6, step: 'setAcl', path: '/a', acl, expect: { kind: 'absent' } },
  { index: 7, step: 'delete', path: '/a', expect: { ...present, version: -1 } },
]

describe('step codec', () => {
  it.each(steps)('brings step $index ($step) back as it was', (step) => {
    const line = encodeStep(step)
    expect(line).not.toContain('\n')
    expect(decodeStep(line)).toEqual(step)
    expect(encodeStep(decodeStep(line))).toBe(line)
  })

  it.each(steps)('reads step $index ($step) in any other form of JSON, too', (step) => {
    const json = JSON.parse(encodeStep(step))
    const backwards = Object.fromEntries(Object.entries(json).reverse())
    for (const text of [JSON.stringify(json, null, 1), JSON.stringify(backwards), JSON.stringify({ ...json, more: 1 })])
      expect(decodeStep(text)).toEqual(step)
  })

  it('takes the texts of paths and ACLs for what they are, whatever keys they look like', () => {
    const id = 'u,"acl":[],"data":"eA==","expect":{"kind":"absent"}}'
    const step: PlanStep = { ...steps[2]!, step: 'create', path: `/,"acl":[{${id}`, data: Buffer.from('x') } as PlanStep
    const tricky = { ...step, acl: [{ perms: 1, scheme: ',"data":"', id }] } as PlanStep
    expect(decodeStep(encodeStep(tricky))).toEqual(tricky)
  })

  it('takes the last of two equal keys, as JSON does', () => {
    const line = encodeStep(steps[0]!)
    expect(decodeStep(line.replace(',"data":', ',"data":"eA==","data":'))).toEqual(steps[0])
    expect(decodeStep(line.replace(',"acl":', ',"acl":[],"acl":'))).toEqual(steps[0])
    expect(() => decodeStep(line.replace('"kind":"ttl"', '"kind":"ttl","step":"delete"'))).toThrow()
  })

  it('has one fixed form', () => {
    expect(encodeStep(steps[3]!)).toBe(
      '{"index":3,"step":"setData","path":"/a","data":"eA==","expect":{"kind":"present","czxid":"0x1f00000001","version":3,"aversion":2}}',
    )
  })

  it.each([
    ['no JSON', '{"index":3'],
    ['no object', '[]'],
    ['an unknown step', encodeStep(steps[3]!).replace('setData', 'setdata')],
    ['a bad path', encodeStep(steps[3]!).replace('/a', 'a')],
    ['bad base64', encodeStep(steps[3]!).replace('eA==', 'eA=')],
    ['data left out', encodeStep(steps[3]!).replace('"data":"eA==",', '')],
    ['no guard', encodeStep(steps[3]!).replace(/,"expect".*$/, '}')],
    ['an incomplete guard', encodeStep(steps[3]!).replace('"version":3,', '')],
    ['an update of nothing', encodeStep(steps[3]!).replace(/"expect".*$/, '"expect":{"kind":"absent"}}')],
    ['a creation with bad base64', encodeStep(steps[0]!).replace('AP8=', 'AP8')],
    ['a creation with an escape in its data', encodeStep(steps[0]!).replace('AP8=', '\\u0041P8=')],
    ['a creation over something', encodeStep(steps[0]!).replace('"absent"', '"present"')],
    ['a creation with a bad path', encodeStep(steps[1]!).replace('/n', '/n/')],
    ['a creation with half an ACL', encodeStep(steps[0]!).replace('"perms":31,', '')],
    ['a creation with a cut ACL', encodeStep(steps[0]!).replace(/\],"data"/, ',"data"')],
    ['an empty ACL', encodeStep(steps[1]!).replace(/"acl":\[.*\],/, '"acl":[],')],
    ['a TTL without time', encodeStep(steps[0]!).replace('"ttlMs":5', '"ttlMs":null')],
    ['a negative index', encodeStep(steps[3]!).replace('"index":3', '"index":-3')],
  ])('refuses %s', (_name, line) => {
    expect(() => decodeStep(line)).toThrow(expect.objectContaining({ code: 'BAD_STEP' }))
  })
})
