import { makeOpenApi } from '@/lib/services/api/openapi.ts'
import { version } from '@/package.json'

const DOCUMENT = makeOpenApi(version)

/** Without signing in: it says what the product can do, and nothing of what it holds. */
export function GET(): Response {
  return Response.json(DOCUMENT)
}
