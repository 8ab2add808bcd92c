import { setFlagsFromString } from 'node:v8'

/**
 * Lets V8 collect once the heap has grown by two fifths instead of doubling: for a process whose whole work is one long stream, in which much lives
 * for a second or two. About a tenth more work, a third less memory.
 */
export function tightenHeap(): void {
  setFlagsFromString('--heap-growing-percent=40')
}
