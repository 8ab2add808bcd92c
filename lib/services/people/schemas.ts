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
})
export type CreateAdministratorInput = z.input<typeof createAdministratorSchema>
