import 'server-only'
import { requireActor } from '@/app/_server/actor.ts'
import { describeOperations } from '@/lib/services/api/describe-operations.ts'

/** The same for everybody, and for as long as the process runs. */
const GROUPS = describeOperations()

export async function loadOperations() {
  await requireActor()
  return GROUPS
}
