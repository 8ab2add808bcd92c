/** What the web process loads before Next.js; bundled, because that process runs from JavaScript alone. */
export { createLog } from '../../adapters/log/create-log.ts'
export { readSingleSignOn } from '../../adapters/oidc/read-single-sign-on.ts'
export { formatErrorLine } from '../../base/errors.ts'
export { readEnv } from '../env.ts'
export { createFront } from './create-front.ts'
export { followRequest } from './request-log.ts'
