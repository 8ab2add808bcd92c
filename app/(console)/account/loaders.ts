import 'server-only'
import { getPerson } from '@/app/_server/actor.ts'
import { load } from '@/app/_server/load.ts'
import { listSessions } from '@/lib/services/people/own-account.ts'

export const loadSessions = () => load(async (context) => listSessions(context, (await getPerson())?.sessionId ?? ''))
