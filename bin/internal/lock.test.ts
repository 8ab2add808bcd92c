import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { releaseLock, takeLock } from './lock.mjs'

let dir: string
let file: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'arkeeper-lock-'))
  file = join(dir, 'run.lock')
})

afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('takeLock', () => {
  it('names the process that has it, until that releases it', () => {
    expect(takeLock(file)).toBeNull()
    expect(takeLock(file)).toBe(process.pid)
    releaseLock(file)
    expect(takeLock(file)).toBeNull()
  })

  it('is not kept by a process that is gone', () => {
    writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, startedAt: null }))
    expect(takeLock(file)).toBeNull()
    expect(JSON.parse(readFileSync(file, 'utf8')).pid).toBe(process.pid)
  })

  it.runIf(existsSync('/proc/self/stat'))(
    'is not kept by another process that got the number of the one that had it',
    () => {
      writeFileSync(file, JSON.stringify({ pid: process.ppid, startedAt: 'an-earlier-boot 1' }))
      expect(takeLock(file)).toBeNull()
    },
  )

  it('is kept by a process that runs, of which no more is known', () => {
    writeFileSync(file, JSON.stringify({ pid: process.ppid, startedAt: null }))
    expect(takeLock(file)).toBe(process.ppid)
    releaseLock(file)
    expect(existsSync(file)).toBe(true)
  })

  it('takes the place of a lock that makes no sense, and leaves no other file behind', () => {
    writeFileSync(file, '{')
    expect(takeLock(file)).toBeNull()
    expect(readdirSync(dir)).toEqual(['run.lock'])
  })
})
