import { parseHex64 } from '../../base/hex64.ts'
import { PERM } from '../znode/acl.ts'
import { kindFromOwner } from '../znode/stat.ts'
import type { Znode, ZnodeKind } from '../znode/znode.ts'
import { importFault } from './errors.ts'
import type { ImportForm } from './import-form.ts'
import { toImportedZnode } from './imported-znode.ts'
import { Fields, permsOf } from './json-fields.ts'
import type { Json, JsonPlace, JsonShape } from './json-walker.ts'

export type JsonForm = Extract<ImportForm, 'zoocreeper' | 'zoonavigator' | 'zk-shell' | 'jsonl'>

/** What reads the JSON of a form and gives its znodes, in the order of the file. */
export function createJsonShape(form: JsonForm, give: (znode: Znode) => void): JsonShape {
  switch (form) {
    case 'zoocreeper':
      return new FlatShape(form, (path, fields, at) => give(readZoocreeper(path, fields, at)))
    case 'zk-shell':
      return new FlatShape(form, (path, fields, at) => give(readZkShell(path, fields, at)))
    case 'zoonavigator':
      return new NestedShape(give)
    case 'jsonl':
      return new LineShape(give)
  }
}

/** One object: path → znode. */
class FlatShape implements JsonShape {
  readonly #form: JsonForm
  readonly #give: (path: string, fields: Fields, at: number) => void
  #begun = false

  constructor(form: JsonForm, give: (path: string, fields: Fields, at: number) => void) {
    this.#form = form
    this.#give = give
  }

  enters(kind: 'object' | 'array', { depth, at }: JsonPlace): boolean {
    if (depth > 0) return false
    if (kind !== 'object' || this.#begun) throw notThatForm(this.#form, at)
    this.#begun = true
    return true
  }

  value(value: Json, { depth, key, at }: JsonPlace): void {
    if (depth !== 1 || key === null) throw notThatForm(this.#form, at)
    if (!(value instanceof Map)) throw importFault('BAD_IMPORT', `${shorten(key)} is not a znode's object`, at)
    this.#give(key, new Fields(value, shorten(key), at), at)
  }
}

/** zoocreeper: Backup.java, dumpNode. `data` base64 or null, `acls` [{id, scheme, perms}], stat as a client sees it. */
function readZoocreeper(path: string, fields: Fields, at: number): Znode {
  const owner = fields.int64('ephemeralOwner')
  return toImportedZnode(
    {
      path,
      data: fields.bytes('data'),
      acl: fields.acl('acls', (entry) => ({
        perms: permsOf(entry),
        scheme: entry.text('scheme'),
        id: entry.text('id'),
      })),
      stat: {
        czxid: fields.int64('czxid'),
        mzxid: fields.int64('mzxid'),
        pzxid: fields.int64('pzxid'),
        ctime: fields.int('ctime'),
        mtime: fields.int('mtime'),
        version: fields.int('version') | 0,
        // A client's cversion cannot be turned back without the number of children at that moment.
        cversion: 0,
        aversion: fields.int('aversion') | 0,
        ephemeralOwner: owner,
      },
    },
    at,
  )
}

/** zk_shell: copy_util.py, JSONProxy; ACLs as of acl.py, to_dict. */
function readZkShell(path: string, fields: Fields, at: number): Znode {
  return toImportedZnode(
    {
      path,
      data: fields.bytes('content'),
      acl:
        fields.get('acls') === undefined
          ? []
          : fields.acl('acls', (entry) => {
              const id = entry.object(entry.get('id'), 'an ACL entry with an "id"')
              return { perms: permsOf(entry), scheme: id.text('scheme'), id: id.text('id') }
            }),
    },
    at,
  )
}

const PERMISSIONS: Readonly<Record<string, number>> = {
  create: PERM.create,
  read: PERM.read,
  write: PERM.write,
  delete: PERM.delete,
  admin: PERM.admin,
}

/** ZooNavigator: a list of trees {h: znode, t: [trees]} (JsonCofree, JsonZNodeExport, JsonAcl). Read level by level, never as a whole. */
class NestedShape implements JsonShape {
  readonly #give: (znode: Znode) => void
  /** Of the trees that are open: has its own znode come? */
  readonly #heads: boolean[] = []
  #begun = false

  constructor(give: (znode: Znode) => void) {
    this.#give = give
  }

  enters(kind: 'object' | 'array', { depth, key, at }: JsonPlace): boolean {
    if (depth === 0 && kind === 'array' && !this.#begun) {
      this.#begun = true
      return true
    }
    if (depth % 2 === 1 && kind === 'object') {
      this.#heads.push(false)
      return true
    }
    if (depth > 0 && depth % 2 === 0 && key === 't' && kind === 'array') return true
    if (depth > 0 && depth % 2 === 0 && key === 'h' && kind === 'object') return false
    throw notThatForm('zoonavigator', at)
  }

  value(value: Json, { key, at }: JsonPlace): void {
    if (key !== 'h' || !(value instanceof Map)) throw notThatForm('zoonavigator', at)
    if (this.#heads.at(-1)) throw importFault('BAD_IMPORT', 'A tree of the export has two znodes "h"', at)
    this.#heads[this.#heads.length - 1] = true
    const path = new Fields(value, '(no path)', at).text('path')
    const fields = new Fields(value, shorten(path), at)
    const acl = fields.acl('acl', (entry) => ({
      perms: entry.list('permissions').reduce((sum: number, name) => {
        const bit = typeof name === 'string' && Object.hasOwn(PERMISSIONS, name) ? PERMISSIONS[name] : undefined
        if (bit === undefined) throw entry.fault(`has an ACL entry with the permission ${JSON.stringify(name)}`)
        return sum | bit
      }, 0),
      scheme: entry.text('scheme'),
      id: entry.text('id'),
    }))
    this.#give(toImportedZnode({ path, data: fields.base64('data', fields.text('data')), acl }, at))
  }

  leave(kind: 'object' | 'array', { at }: JsonPlace): void {
    if (kind === 'object' && this.#heads.pop() !== true) {
      throw importFault('BAD_IMPORT', 'A tree of the export has no znode "h"', at)
    }
  }
}

const KINDS: readonly string[] = ['persistent', 'ephemeral', 'container', 'ttl', 'unknown'] satisfies ZnodeKind[]

/** `arkeeper export`: one object a line. */
class LineShape implements JsonShape {
  readonly #give: (znode: Znode) => void

  constructor(give: (znode: Znode) => void) {
    this.#give = give
  }

  enters(kind: 'object' | 'array', { depth, at }: JsonPlace): boolean {
    if (depth === 0 && kind !== 'object') throw notThatForm('jsonl', at)
    return false
  }

  value(value: Json, { at }: JsonPlace): void {
    if (!(value instanceof Map)) throw notThatForm('jsonl', at)
    const path = new Fields(value, '(no path)', at).text('path')
    const fields = new Fields(value, shorten(path), at)
    const kind = fields.text('kind')
    if (!KINDS.includes(kind)) throw fields.fault(`has the kind ${JSON.stringify(kind)}`)
    if (fields.get('masked') === true) {
      throw fields.fault('is masked: its value was hidden from whoever exported it, and left out')
    }
    if (fields.get('data') === undefined) throw fields.fault('has no "data": it was exported with --no-data')
    const stat = fields.object(fields.need('stat'), 'a "stat"')
    const hex = (name: string) => {
      const number = parseHex64(stat.text(name))
      if (number === null) throw stat.fault(`has a "${name}" that is not hex`)
      return BigInt.asIntN(64, number)
    }
    const owner = hex('ephemeralOwner')
    if (kind === 'ephemeral' && kindFromOwner(owner).kind !== 'ephemeral')
      throw fields.fault('is ephemeral without an owner')
    this.#give(
      toImportedZnode(
        {
          path,
          data: fields.bytes('data'),
          acl: fields.acl('acl', (entry) => ({
            perms: permsOf(entry),
            scheme: entry.text('scheme'),
            id: entry.text('id'),
          })),
          stat: {
            czxid: hex('czxid'),
            mzxid: hex('mzxid'),
            pzxid: hex('pzxid'),
            ctime: stat.int('ctime'),
            mtime: stat.int('mtime'),
            version: stat.int('version') | 0,
            // The line tells how many children there were, so that the counter can be had back.
            cversion: Math.trunc((stat.int('cversion') + stat.int('numChildren')) / 2) | 0,
            aversion: stat.int('aversion') | 0,
            ephemeralOwner: kind === 'ephemeral' ? owner : 0n,
          },
          kind: kind as ZnodeKind,
          ttlMs: kind === 'ttl' ? ttlOf(fields) : null,
        },
        at,
      ),
    )
  }
}

function ttlOf(fields: Fields): number {
  const ttlMs = fields.int('ttlMs', 0)
  if (ttlMs < 1 || ttlMs > 0xff_ffff_ffff) throw fields.fault('has a "ttlMs" out of range')
  return ttlMs
}

const FORM_REMEDY = 'check which tool wrote it, or choose the form by name'

function notThatForm(form: ImportForm, at: number) {
  return importFault('UNKNOWN_FORM', `The file is not of the form ${form}`, at, FORM_REMEDY)
}

function shorten(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path
}
