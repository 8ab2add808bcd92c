/**
 * For every process that passes znodes along: a larger young generation buys little for such streams and costs a hundred megabytes;
 * backups stay below 256 MB with it.
 */
export const NODE_FLAGS = ['--max-semi-space-size=8']

/**
 * For workers, on systems with glibc: buffers of blocks go back to the system as soon as they are free, and threads share two pools. By itself
 * glibc keeps both, some 40 MB of a worker that follows a stream.
 */
export const WORKER_MEMORY_ENV = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' }
