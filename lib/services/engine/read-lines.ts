const LINE_FEED = 0x0a

/**
 * The lines of each chunk at once, without their line feeds: plans have millions of lines, and each await costs as much as decoding one.
 * Only a line feed ends a line: node:readline also stops at U+2028, which JSON leaves as it is and a znode may have in its name.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[], void, void> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_FEED)
    if (end === -1) {
      rest.push(chunk)
      continue
    }
    const whole = Buffer.concat([...rest, chunk.subarray(0, end)])
    rest = [chunk.subarray(end + 1)]
    yield whole.toString('utf8').split('\n')
  }
  const last = Buffer.concat(rest)
  if (last.length > 0) yield [last.toString('utf8')]
}
