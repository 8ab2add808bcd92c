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
    case 'advanceCounter':
      return `${head},"from":${step.from},"to":${step.to},${expect}`
  }
}

/** The step of one line. Throws RestoreError BAD_STEP with what is wrong. */
export function decodeStep(line: string): PlanStep {
  return decodeCreate(line) ?? decodeAny(line)
}

/** It is a signed 32-bit number on the server. */
const COUNTER_MAX = 2_147_483_647

const ACL_KEY = ',"acl":'
const DATA_KEY = ',"data":"'
const CREATE_END = '","expect":{"kind":"absent"}}'

/**
 * A creation in the form that encodeStep gives it, without parsing the data as JSON: restores have hundreds of thousands of them. Null for any
 * other line. A key cannot be mistaken for a part of a text, because a quotation mark inside a text has a backslash in front.
 */
function decodeCreate(line: string): PlanStep | null {
  if (!line.endsWith(CREATE_END)) return null
  const aclAt = line.indexOf(ACL_KEY)
  const dataAt = line.indexOf(DATA_KEY, aclAt)
  const valueAt = dataAt + DATA_KEY.length
  const valueEnd = line.length - CREATE_END.length
  if (aclAt === -1 || dataAt === -1 || line.indexOf('"', valueAt) !== valueEnd) return null
  const json = parseJsonObject(`${line.slice(0, aclAt)}}`)
  if (json === null || json.step !== 'create') return null
  const acl = decodeAclText(line.slice(aclAt + ACL_KEY.length, dataAt), line)
  return acl === null ? null : toCreate(json, acl, decodeBytes(line.slice(valueAt, valueEnd), line), line)
}

function decodeAny(line: string): PlanStep {
  const json = parseJsonObject(line)
  if (json === null) throw badStep(line, 'it is not a JSON object')
  const { index, path } = toPlace(json, line)
  const expect = decodeExpectation(json.expect, line)
  switch (json.step) {
    case 'create':
      if (expect.kind !== 'absent') throw badStep(line, 'a create expects nothing there')
      return toCreate(json, decodeAcl(json.acl, line), decodeBytes(json.data, line), line)
    case 'setData':
      return { index, path, step: 'setData', data: decodeBytes(json.data, line), expect: present(expect, line) }
    case 'setAcl':
      return { index, path, step: 'setAcl', acl: decodeAcl(json.acl, line), expect }
    case 'delete':
      return { index, path, step: 'delete', expect: present(expect, line) }
    case 'advanceCounter': {
      const { from, to } = json
      if (!isCount(from) || !isCount(to) || from >= to || to > COUNTER_MAX)
        throw badStep(line, '"from" and "to" are not counters, the second the higher one')
      return { index, path, step: 'advanceCounter', from, to, expect }
    }
    default:
      throw badStep(line, '"step" is unknown')
  }
}

function toPlace({ index, path }: Record<string, unknown>, line: string): { index: number; path: string } {
  if (!isCount(index)) throw badStep(line, '"index" is not a count')
  if (typeof path !== 'string' || findPathFault(path) !== null) throw badStep(line, '"path" is not a znode path')
  return { index, path }
}

function toCreate(json: Record<string, unknown>, acl: Acl, data: Uint8Array | null, line: string): PlanStep {
  const { index, path } = toPlace(json, line)
  const { kind, ttlMs } = json
  if (kind !== 'persistent' && kind !== 'container' && kind !== 'ttl') throw badStep(line, '"kind" is unknown')
  if (kind === 'ttl' ? !isCount(ttlMs) || ttlMs === 0 : ttlMs !== null) throw badStep(line, '"ttlMs" does not fit')
  const ttl = kind === 'ttl' ? Number(ttlMs) : null
  return { index, path, step: 'create', data, acl, kind, ttlMs: ttl, expect: ABSENT }
}

const ABSENT = { kind: 'absent' } as const

/** Texts of lists seen before; beyond so many the table starts anew, which costs time only. */
const ACL_TEXTS_MAX = 1000
const aclsByText = new Map<string, Acl>()

/** The same text gives the same list. Null when it is not JSON by itself. */
function decodeAclText(text: string, line: string): Acl | null {
  const known = aclsByText.get(text)
  if (known !== undefined) return known
  const parsed = parseJsonObject(`{"acl":${text}}`)
  if (parsed === null) return null
  const acl = decodeAcl(parsed.acl, line)
  if (aclsByText.size >= ACL_TEXTS_MAX) aclsByText.clear()
  aclsByText.set(text, acl)
  return acl
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
