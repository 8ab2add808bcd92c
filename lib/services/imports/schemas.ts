import { z } from 'zod'
import { IMPORT_FORMS } from '../../domain/imports/import-form.ts'

/** As it is uploaded; unpacked it may be larger. */
export const UPLOAD_BYTES_MAX = 2 * 2 ** 30

export const startImportSchema = z.object({
  clusterId: z.string(),
  /** What the file is called; a snapshot's name tells its zxid. Never used as a path. */
  fileName: z.string().trim().min(1).max(255),
  /** Absent: told by the content. */
  form: z.enum(IMPORT_FORMS).nullable().default(null),
  note: z.string().trim().max(500).default(''),
})
