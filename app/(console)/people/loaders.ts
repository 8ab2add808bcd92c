import 'server-only'
import { load } from '@/app/_server/load.ts'
import { listPeople } from '@/lib/services/people/list-people.ts'

export const loadPeople = () => load((context) => listPeople(context))
