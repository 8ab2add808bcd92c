import { addRecipient, removeRecipient } from '../../encryption/change-recipients.ts'
import { getEncryption } from '../../encryption/get-encryption.ts'
import { setEncryption } from '../../encryption/set-encryption.ts'
import { startReencrypt } from '../../encryption/start-reencrypt.ts'
import { lock } from '../../encryption/unlock.ts'
import type { encryptionOperations } from '../contract/encryption.ts'
import type { Handlers } from '../handler.ts'

export const encryptionHandlers: Handlers<typeof encryptionOperations> = {
  getEncryption: (context, { params }) => getEncryption(context, params.clusterId),
  setEncryption: async (context, { params, body }) => {
    await setEncryption(context, { ...params, ...body })
    return getEncryption(context, params.clusterId)
  },
  addRecipient: async (context, { params, body }) => {
    await addRecipient(context, { ...params, ...body })
    return getEncryption(context, params.clusterId)
  },
  removeRecipient: async (context, { params }) => {
    await removeRecipient(context, params)
    return null
  },
  lockKey: async (context, { params }) => {
    await lock(context, params)
    return null
  },
  startReencrypt: (context, { params }) => startReencrypt(context, params),
}
