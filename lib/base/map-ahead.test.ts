import { describe, expect, test } from 'vitest'
import { mapAhead } from './map-ahead.ts'

const later = <T>(value: T) => new Promise<T>((resolve) => setImmediate(resolve, value))

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const result of results) all.push(result)
  return all
}

describe('mapAhead', () => {
  test('gives each input with its result, in order', async () => {
    const results = mapAhead([1, 2, 3], (n) => later(n * 10))
    expect(await collect(results)).toEqual([
      { input: 1, output: 10 },
      { input: 2, output: 20 },
      { input: 3, output: 30 },
    ])
    expect(await collect(mapAhead([], later))).toEqual([])
  })

  test('works on the next input, and no further, while a result is used', async () => {
    const started: number[] = []
    for await (const { input } of mapAhead([1, 2, 3, 4], (n) => {
      started.push(n)
      return later(n)
    })) {
      expect(started.at(-1)).toBe(Math.min(input + 1, 4))
    }
  })

  test('throws the first failure after what came before it, with nothing left running', async () => {
    let running = 0
    const results: number[] = []
    const read = async () => {
      for await (const { output } of mapAhead([1, 2, 3, 4], async (n) => {
        running++
        await later(n)
        running--
        if (n >= 2) throw new Error(`no ${n}`)
        return n
      })) {
        results.push(output)
      }
    }
    await expect(read()).rejects.toThrow('no 2')
    expect(results).toEqual([1])
    expect(running).toBe(0)
  })

  test('waits for what is under way when its reader leaves', async () => {
    let running = 0
    for await (const { input } of mapAhead([1, 2, 3], async (n) => {
      running++
      await later(n)
      running--
      return n
    })) {
      expect(input).toBe(1)
      break
    }
    expect(running).toBe(0)
  })
})
