import { z } from 'zod'

/** The folder of ARKEEPER_STORE_DIR: always there, never changed here. */
export const DEFAULT_STORE_ID = 'default'

export const folderSettingsSchema = z.object({ path: z.string().trim().min(1).max(1000) })
export type FolderSettings = z.infer<typeof folderSettingsSchema>
