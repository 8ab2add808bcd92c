/**
 * For every process that passes znodes along: a larger young generation buys little for such streams and costs a hundred megabytes;
 * backups stay below 256 MB with it.
 */
export const NODE_FLAGS = ['--max-semi-space-size=8']
