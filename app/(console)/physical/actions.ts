'use server'

import { z } from 'zod'
import { action } from '@/app/_server/action.ts'
import { cancelJob } from '@/lib/services/jobs/cancel-job.ts'
import { createPhysical, recheckPhysical } from '@/lib/services/physical/create-physical.ts'
import {
  confirmPhysicalSchema,
  createPhysicalSchema,
  tickPhysicalSchema,
  undoPhysicalSchema,
} from '@/lib/services/physical/schemas.ts'
import {
  confirmPhysical,
  resumePhysical,
  undoPhysical,
  verifyPhysicalAgain,
} from '@/lib/services/physical/start-physical.ts'
import { tickStep } from '@/lib/services/physical/tick-step.ts'

const idSchema = z.object({ physicalId: z.string() })

export const createPhysicalAction = action(createPhysicalSchema, (context, input) => createPhysical(context, input))

export const recheckPhysicalAction = action(idSchema, (context, { physicalId }) => recheckPhysical(context, physicalId))

export const confirmPhysicalAction = action(confirmPhysicalSchema, (context, input) => confirmPhysical(context, input))

export const resumePhysicalAction = action(idSchema, (context, { physicalId }) => resumePhysical(context, physicalId))

export const undoPhysicalAction = action(undoPhysicalSchema, (context, input) => undoPhysical(context, input))

export const verifyPhysicalAction = action(idSchema, (context, { physicalId }) =>
  verifyPhysicalAgain(context, physicalId),
)

export const tickPhysicalAction = action(tickPhysicalSchema, async (context, input) => {
  await tickStep(context, input)
  return null
})

export const cancelPhysicalAction = action(z.object({ jobId: z.string() }), async (context, { jobId }) => {
  await cancelJob(context, jobId)
  return null
})
