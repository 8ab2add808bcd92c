const LINE_FEED = 0x0a
/** Texts below 128 KiB are young objects of V8: they go as they came, without a collection of the old ones. */
const PIECE_BYTES = 64 * 1024

/**
 * The lines of some ten kilobytes at once, without their line feeds: plans have millions of lines, and each await costs as much as decoding one.
 * Only a line feed ends a line: node:readline also stops at U+2028, which JSON leaves as it is and a znode may have in its name.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly string[], void, void> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    let from = 0
    if (rest.length > 0) {
      const end = chunk.indexOf(LINE_FEED)
      if (end === -1) {
        rest.push(chunk)
        continue
      }
      yield [Buffer.concat([...rest, chunk.subarray(0, end)]).toString('utf8')]
      rest = []
      from = end + 1
    }
    for (let to = endOfPiece(chunk, from); to !== -1; to = endOfPiece(chunk, from)) {
      yield chunk.toString('utf8', from, to).split('\n')
      from = to + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  const last = Buffer.concat(rest)
  if (last.length > 0) yield [last.toString('utf8')]
}

/** The last line feed within a piece, or the first behind it where one line is longer; -1 when there is none. */
function endOfPiece(chunk: Buffer, from: number): number {
  if (from >= chunk.length) return -1
  const within = chunk.lastIndexOf(LINE_FEED, Math.min(from + PIECE_BYTES, chunk.length - 1))
  return within >= from ? within : chunk.indexOf(LINE_FEED, from + PIECE_BYTES)
}
