import { z } from 'zod'

const zxid = z.string().regex(/^0x[1-9a-f][0-9a-f]{0,15}$/)

export const momentSchema = z.object({ clusterId: z.string(), zxid })

export const saveMomentSchema = momentSchema.extend({ note: z.string().trim().max(500).default('') })
