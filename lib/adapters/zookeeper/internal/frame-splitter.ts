import { ZooKeeperError } from '../errors.ts'

/** A longer reply is no reply: memory for it is never asked for. */
export const FRAME_BYTES_MAX = 256 * 1024 * 1024

/**
 * Cuts a TCP byte stream into frames (int length + payload). A frame inside one chunk is handed on in place; one over several
 * chunks is joined once, so that a reply of many megabytes costs one copy.
 */
export class FrameSplitter {
  private parts: Buffer[] = []
  private held = 0
  /** Whole length, prefix included, of the frame in `parts`; 0 while not even the prefix is complete. */
  private wanted = 0
  private readonly onFrame: (buffer: Buffer, start: number, end: number) => void

  /** `start` and `end` bound the payload, without the length. */
  constructor(onFrame: (buffer: Buffer, start: number, end: number) => void) {
    this.onFrame = onFrame
  }

  /** Drops a half-received frame, for the next connection. */
  reset(): void {
    this.parts = []
    this.held = 0
    this.wanted = 0
  }

  push(chunk: Buffer): void {
    if (this.held > 0) {
      this.parts.push(chunk)
      this.held += chunk.length
      if (this.wanted === 0) {
        if (this.held < 4) return
        const joined = Buffer.concat(this.parts)
        this.parts = [joined]
        this.wanted = frameLength(joined, 0)
      }
      if (this.held < this.wanted) return
      const joined = this.parts.length === 1 ? (this.parts[0] ?? chunk) : Buffer.concat(this.parts)
      this.reset()
      this.split(joined)
    } else {
      this.split(chunk)
    }
  }

  private split(buffer: Buffer): void {
    let at = 0
    while (buffer.length - at >= 4) {
      const length = frameLength(buffer, at)
      if (buffer.length - at < length) {
        this.hold(buffer.subarray(at), length)
        return
      }
      this.onFrame(buffer, at + 4, at + length)
      at += length
    }
    if (at < buffer.length) this.hold(buffer.subarray(at), 0)
  }

  private hold(rest: Buffer, wanted: number): void {
    this.parts = [rest]
    this.held = rest.length
    this.wanted = wanted
  }
}

function frameLength(buffer: Buffer, at: number): number {
  const length = buffer.readInt32BE(at)
  if (length < 0 || length > FRAME_BYTES_MAX) {
    throw new ZooKeeperError('REPLY_MALFORMED', `The server announced a reply of ${length} bytes`, {
      remedy: 'check that the address is a ZooKeeper client port',
    })
  }
  return length + 4
}
