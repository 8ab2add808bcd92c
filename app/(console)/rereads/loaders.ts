import 'server-only'
import { load } from '@/app/_server/load.ts'
import { getProofState } from '@/lib/services/rereads/get-proof-state.ts'

export const loadProofState = (clusterId: string) => load((context) => getProofState(context, clusterId))
