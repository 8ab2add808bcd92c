import { formatHex64, parseHex64 } from '../../base/hex64.ts'
import type { Acl, AclEntry } from '../znode/acl.ts'
import { findPathFault } from '../znode/path.ts'
import { RestoreError } from './errors.ts'
import { isCount, isRecord, parseJsonObject } from './internal/parse-json-line.ts'
import type { LiveExpectation, PlanStep } from './plan.ts'

/**
 * A step as one line of JSON, without the line break: what `--steps` prints, what a plan file holds and what the plan's hash
 * covers. Canonical: one order of fields, bytes in base64, zxids as hex, so equal steps give equal lines.
 */
export function encodeStep(step: PlanStep): string {
  const head = `{"index":${step.index},"step":"${step.step}","path":${JSON.stringify(step.path)}`
  const expect = `"expect":${encodeExpectation(step.expect)}}`
  switch (step.step) {
    case 'create':
      return `${head},"kind":"${step.kind}","ttlMs":${step.ttlMs},"acl":${encodeAcl(step.acl)},"data":${encodeBytes(step.data)},${expect}`
    case 'setData':
      return `${head},"data":${encodeBytes(step.data)},${expect}`
    case 'setAcl':
      return `${head},"acl":${encodeAcl(step.acl)},${expect}`
    case 'delete':
      return `${head},${expect}`
  }
}

/** The step of one line. Throws RestoreError BAD_STEP with what is wrong. */
export function decodeStep(line: string): PlanStep {
  const json = parseJsonObject(line)
  if (json === null) throw badStep(line, 'it is not a JSON object')
  const { index, path } = json
  if (!isCount(index)) throw badStep(line, '"index" is not a count')
  if (typeof path !== 'string' || findPathFault(path) !== null) throw badStep(line, '"path" is not a znode path')
  const expect = decodeExpectation(json.expect, line)
  switch (json.step) {
    case 'create': {
      const { kind, ttlMs } = json
      if (kind !== 'persistent' && kind !== 'container' && kind !== 'ttl') throw badStep(line, '"kind" is unknown')
      if (kind === 'ttl' ? !isCount(ttlMs) || ttlMs === 0 : ttlMs !== null) throw badStep(line, '"ttlMs" does not fit')
      if (expect.kind !== 'absent') throw badStep(line, 'a create expects nothing there')
      const acl = decodeAcl(json.acl, line)
      return {
        index,
        path,
        step: 'create',
        data: decodeBytes(json.data, line),
        acl,
        kind,
        ttlMs: kind === 'ttl' ? Number(ttlMs) : null,
        expect,
      }
    }
    case 'setData':
      return { index, path, step: 'setData', data: decodeBytes(json.data, line), expect: present(expect, line) }
    case 'setAcl':
      return { index, path, step: 'setAcl', acl: decodeAcl(json.acl, line), expect }
    case 'delete':
      return { index, path, step: 'delete', expect: present(expect, line) }
    default:
      throw badStep(line, '"step" is unknown')
  }
}

// Lists are shared between znodes, so that most lines reuse the text of a list seen before.
const aclTexts = new WeakMap<Acl, string>()

function encodeAcl(acl: Acl): string {
  let text = aclTexts.get(acl)
  if (text === undefined) {
    text = JSON.stringify(acl.map(({ perms, scheme, id }) => ({ perms, scheme, id })))
    aclTexts.set(acl, text)
  }
  return text
}

function decodeAcl(value: unknown, line: string): Acl {
  if (!Array.isArray(value) || value.length === 0) throw badStep(line, '"acl" is not a list with entries')
  return value.map((entry: unknown): AclEntry => {
    if (!isRecord(entry)) throw badStep(line, 'an ACL entry is not an object')
    const { perms, scheme, id } = entry
    if (typeof perms !== 'number' || !Number.isInteger(perms) || typeof scheme !== 'string' || typeof id !== 'string')
      throw badStep(line, 'an ACL entry is incomplete')
    return { perms, scheme, id }
  })
}

function encodeBytes(data: Uint8Array | null): string {
  if (data === null) return 'null'
  return `"${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}"`
}

function decodeBytes(value: unknown, line: string): Uint8Array | null {
  if (value === null) return null
  if (typeof value !== 'string') throw badStep(line, '"data" is neither base64 nor null')
  const data = Buffer.from(value, 'base64')
  // Buffer.from drops what it does not understand; a plan must not.
  if (data.toString('base64') !== value) throw badStep(line, '"data" is not base64')
  return data
}

function encodeExpectation(expect: LiveExpectation): string {
  if (expect.kind === 'absent') return '{"kind":"absent"}'
  return `{"kind":"present","czxid":"${formatHex64(expect.czxid)}","version":${expect.version},"aversion":${expect.aversion}}`
}

function decodeExpectation(value: unknown, line: string): LiveExpectation {
  if (!isRecord(value)) throw badStep(line, '"expect" is missing')
  if (value.kind === 'absent') return { kind: 'absent' }
  const { czxid, version, aversion } = value
  const zxid = typeof czxid === 'string' ? parseHex64(czxid) : null
  if (value.kind !== 'present' || zxid === null || !Number.isInteger(version) || !Number.isInteger(aversion))
    throw badStep(line, '"expect" is incomplete')
  return { kind: 'present', czxid: zxid, version: Number(version), aversion: Number(aversion) }
}

function present(expect: LiveExpectation, line: string): Extract<LiveExpectation, { kind: 'present' }> {
  if (expect.kind !== 'present') throw badStep(line, 'the step needs an existing znode')
  return expect
}

function badStep(line: string, reason: string): RestoreError {
  return new RestoreError('BAD_STEP', `A step of the plan cannot be read: ${reason}`, {
    details: { line: line.slice(0, 200) },
    unaffected: 'nothing was written',
    remedy: 'make the plan again',
  })
}
