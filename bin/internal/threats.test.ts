import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inProject } from './project.mjs'

const text = readFileSync(inProject('THREATS.md'), 'utf8')
const rows = text
  .split('\n')
  .filter((line) => /^\| \d+\.\d+\.\d+ \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

describe('THREATS.md', () => {
  it('answers every requirement of ASVS 5.0 of the levels 1 and 2, once', () => {
    const numbers = rows.map(([, number]) => `${number}`)
    expect(new Set(numbers).size).toBe(numbers.length)
    const count = (level: string) => rows.filter((row) => row[2] === level).length
    expect([count('1'), count('2')]).toEqual([70, 183])
    for (const row of rows) expect(['met', 'not applicable', '**not met**'], row[1]).toContain(row[4])
    const met = (state: string) => rows.filter((row) => row[4] === state).length
    const said = /(\d+) requirements: (\d+) met, (\d+) not applicable, (\d+) not met/.exec(text)?.slice(1).map(Number)
    expect(said).toEqual([rows.length, met('met'), met('not applicable'), met('**not met**')])
  })

  it('names only files that are there', () => {
    const named = [...text.matchAll(/`([\w.@/()[\]-]+\/[\w.@/()[\]-]*)`/g)].map(([, name]) => `${name}`)
    const files = named.filter((name) => /^(app|bin|e2e|lib|prisma|\.ci)\//.test(name))
    expect(files.length).toBeGreaterThan(50)
    expect(files.filter((name) => !existsSync(inProject(name)))).toEqual([])
  })
})
