import { z } from 'zod'

export const PASSWORD_MIN = 10
export const PASSWORD_MAX = 128

export const createAdministratorSchema = z.object({
  name: z.string().trim().min(1, 'Enter your name').max(100),
  email: z.string().trim().toLowerCase().pipe(z.email('Enter an e-mail address').max(320)),
  password: z
    .string()
    .min(PASSWORD_MIN, `Use at least ${PASSWORD_MIN} characters`)
    .max(PASSWORD_MAX, `Use at most ${PASSWORD_MAX} characters`),
  /** Only where others than the people of this host can reach the set-up page. */
  code: z.string().trim().toLowerCase().max(100).optional(),
})
export type CreateAdministratorInput = z.input<typeof createAdministratorSchema>

const person = createAdministratorSchema.shape
export const ROLES = ['none', 'viewer', 'operator', 'admin'] as const
export const INVITATION_DAYS = [1, 3, 7] as const

export const invitePersonSchema = z.object({
  email: person.email,
  role: z.enum(ROLES),
  days: z.coerce.number().pipe(z.union([z.literal(1), z.literal(3), z.literal(7)])),
})

export const acceptInvitationSchema = z.object({
  token: z.string().min(1).max(200),
  name: person.name,
  password: person.password,
})

/** `role` null: as overall. */
export const setClusterRoleSchema = z.object({
  userId: z.string(),
  clusterId: z.string(),
  role: z.enum(ROLES).nullable(),
})

export const setRoleSchema = z.object({ userId: z.string(), role: z.enum(ROLES) })

export const changePasswordSchema = z.object({
  current: z.string().min(1, 'Enter your password of now').max(PASSWORD_MAX),
  password: person.password,
})
