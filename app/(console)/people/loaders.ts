import 'server-only'
import { getPublicOrigin } from '@/app/_server/actor.ts'
import { load } from '@/app/_server/load.ts'
import { listPeople } from '@/lib/services/people/list-people.ts'

/** Where a link that is handed on has to lead, when that is not where the browser is by chance. */
export const loadPublicOrigin = getPublicOrigin

export const loadPeople = () => load((context) => listPeople(context))
