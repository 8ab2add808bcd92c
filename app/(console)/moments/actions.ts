'use server'

import { action } from '@/app/_server/action.ts'
import { saveMoment } from '@/lib/services/moments/save-moment.ts'
import { momentSchema, saveMomentSchema } from '@/lib/services/moments/schemas.ts'
import { startPrepare } from '@/lib/services/moments/start-prepare.ts'

export const saveMomentAction = action(saveMomentSchema, (context, input) => saveMoment(context, input))

export const prepareMomentAction = action(momentSchema, (context, input) => startPrepare(context, input))
