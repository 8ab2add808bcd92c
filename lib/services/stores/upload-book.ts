import type { UploadBook } from '../../adapters/s3/object-store.ts'
import type { ServiceContext } from '../context.ts'

/** Where every host finds what an upload that broke has left in a store. */
export function uploadBookOf(
  { db, clock, newId }: Pick<ServiceContext, 'db' | 'clock' | 'newId'>,
  storeId: string,
): UploadBook {
  return {
    find: async (key) => {
      const row = await db.storeUpload.findUnique({ where: { storeId_key: { storeId, key } } })
      return row && { uploadId: row.uploadId, partBytes: row.partBytes, bytes: Number(row.bytes), sha256: row.sha256 }
    },
    keep: async (key, { uploadId, partBytes, bytes, sha256 }) => {
      const row = { uploadId, partBytes, bytes: BigInt(bytes), sha256, startedAt: new Date(clock.now()) }
      await db.storeUpload.upsert({
        where: { storeId_key: { storeId, key } },
        create: { id: newId(), storeId, key, ...row },
        update: row,
      })
    },
    forget: async (key) => {
      await db.storeUpload.deleteMany({ where: { storeId, key } })
    },
  }
}
