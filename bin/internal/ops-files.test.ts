import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inProject } from './project.mjs'

const read = (...parts: string[]) => readFileSync(inProject(...parts), 'utf8')
const FLEET = [
  'compose.yaml',
  'ops/docker/Dockerfile',
  'ops/docker/entry.sh',
  'ops/docker/example.env',
  'ops/kubernetes/arkeeper.yaml',
]

/** Names of variables that a file sets or asks for. */
const variablesOf = (text: string) => new Set(text.match(/\bARKEEPER_[A-Z_]+\b/g) ?? [])

describe('the files that a fleet is set up with', () => {
  it.each(FLEET)('%s names only variables that the README explains', (file) => {
    const known = variablesOf(read('README.md'))
    expect([...variablesOf(read(file))].filter((name) => !known.has(name))).toEqual([])
  })

  it('start what the build makes', () => {
    const build = read('bin', 'internal', 'build.mjs')
    const started = [...read('ops', 'docker', 'entry.sh').matchAll(/\bdist\/([\w-]+)\.mjs/g)].map(([, name]) => name)
    expect(started.sort()).toEqual(['arkeeper', 'migrate', 'migrate', 'set-up-code', 'worker'])
    for (const name of started) expect(build).toMatch(new RegExp(`^ {2}'?${name}'?:`, 'm'))
    expect(existsSync(inProject('bin', 'internal', 'web.mjs'))).toBe(true)
  })

  it('are a script that a plain shell understands', () => {
    expect(spawnSync('sh', ['-n', inProject('ops', 'docker', 'entry.sh')]).status).toBe(0)
  })

  it('send no secret, no state and no build of this machine into the image', () => {
    const left = new Set(read('ops', 'docker', 'Dockerfile.dockerignore').split('\n'))
    const ignored = read('.gitignore')
      .split('\n')
      .filter((line) => /^\.?[\w.-]+\/?$/.test(line) && !line.endsWith('.ts'))
    expect(ignored.length).toBeGreaterThan(5)
    expect(ignored.map((line) => line.replace(/\/$/, '')).filter((line) => !left.has(line))).toEqual([])
  })

  it('run with a root that nobody writes to, as somebody who is not root', () => {
    const compose = read('compose.yaml')
    expect(compose).toContain('read_only: true')
    const kubernetes = read('ops', 'kubernetes', 'arkeeper.yaml')
    const containers = kubernetes.match(/^ {10}image: /gm)?.length ?? 0
    expect(containers).toBe(2)
    expect(kubernetes.match(/readOnlyRootFilesystem: true/g)).toHaveLength(containers)
    expect(kubernetes.match(/runAsNonRoot: true/g)).toHaveLength(containers)
    expect(read('ops', 'docker', 'Dockerfile')).toMatch(/^USER 10001$/m)
  })

  it('hold no secret', () => {
    for (const line of read('ops', 'docker', 'example.env').split('\n'))
      if (/PASSWORD|SECRET/.test(line) && !line.startsWith('#')) expect(line).toMatch(/=$/)
    expect(readdirSync(inProject('ops', 'kubernetes'))).toEqual(['arkeeper.yaml'])
  })
})
