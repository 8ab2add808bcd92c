/** What the web process loads before Next.js; bundled, because that process runs from JavaScript alone. */
export { formatErrorLine } from '../../base/errors.ts'
export { readEnv } from '../env.ts'
export { createFront } from './create-front.ts'
