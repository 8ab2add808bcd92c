import type { ObjectStorePort } from './object-store.ts'

/** Part sizes smaller than the usual are for tests. */
export function createObjectStores(options: { readonly partBytesMin?: number } = {}): ObjectStorePort {
  return {
    open: async (settings, keys) => {
      // The SDK is large, and most installations never need it.
      const { S3ObjectStore } = await import('./s3-object-store.ts')
      return new S3ObjectStore(settings, keys, options)
    },
  }
}
