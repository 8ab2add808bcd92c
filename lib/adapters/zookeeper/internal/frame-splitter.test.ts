import { expect, test } from 'vitest'
import { FrameSplitter } from './frame-splitter.ts'
import { JuteWriter } from './jute.ts'

function collect(chunks: Buffer[]): string[] {
  const frames: string[] = []
  const splitter = new FrameSplitter((buffer, start, end) => frames.push(buffer.toString('utf8', start, end)))
  for (const chunk of chunks) splitter.push(chunk)
  return frames
}

const texts = ['', 'a', 'hello', 'x'.repeat(1000), '', 'end']
const bytes = Buffer.concat(texts.map((text) => new JuteWriter().string(text).toBuffer()))

test('frames come out whole however the stream is cut', () => {
  expect(collect([bytes])).toEqual(texts)
  expect(collect([...bytes].map((byte) => Buffer.from([byte])))).toEqual(texts)
  for (let cut = 0; cut <= bytes.length; cut++) {
    expect(collect([bytes.subarray(0, cut), bytes.subarray(cut)]), `cut at ${cut}`).toEqual(texts)
  }
})

test('a frame beyond the limit, or of negative length, is refused', () => {
  expect(() => collect([new JuteWriter().int(256 * 1024 * 1024 + 1).toBuffer()])).toThrow(/268435457 bytes/)
  expect(() => collect([new JuteWriter().int(-1).toBuffer()])).toThrow(/-1 bytes/)
  expect(() => collect([Buffer.from('HT'), Buffer.from('TP/1.1')])).toThrow(/announced/)
})
