import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEnv } from './env.ts'

describe('environment', () => {
  test('of nothing gives the documented defaults', () => {
    const dataDir = resolve('.arkeeper')
    expect(readEnv({ PORT: '' })).toEqual({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: null,
      basePath: '',
      trustedProxies: { holds: expect.any(Function) },
      dataDir,
      storeDir: `${dataDir}/store`,
      workDir: `${dataDir}/work`,
      workFiles: null,
      configFile: `${dataDir}/arkeeper.json`,
      databaseUrl: `file:${dataDir}/arkeeper.db`,
      workers: 1,
      restoreBatch: null,
      storeCacheBytes: null,
      singleSignOn: { issuer: null, clientId: null, clientSecret: null, clientSecretFile: null },
      sessionLimits: { idleMs: 12 * 3600_000, absoluteMs: 7 * 24 * 3600_000 },
      secretKey: null,
      auditKey: null,
      adoptKeys: false,
      ageIdentityFile: null,
      metricsToken: null,
      workerListener: null,
      zookeeper: { classpath: null, zookeeperHome: null, javaHome: null, searchPath: '' },
      logLevel: 'info',
    })
  })

  test('is taken as given', () => {
    const env = readEnv({
      HOST: '0.0.0.0',
      PORT: '8080',
      ARKEEPER_PUBLIC_URL: 'https://ark.example/some/path',
      ARKEEPER_BASE_PATH: '/tools/arkeeper',
      ARKEEPER_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      ARKEEPER_DATA_DIR: '/var/lib/ark',
      ARKEEPER_STORE_DIR: '/backups',
      ARKEEPER_CONFIG: '/etc/arkeeper.json',
      ARKEEPER_WORK_DIR: '/shared/work',
      ARKEEPER_WORK_FILES: 'folder',
      DATABASE_URL: 'file:/db/ark.db',
      ARKEEPER_WORKERS: '0',
      ARKEEPER_RESTORE_BATCH: '100',
      ARKEEPER_CACHE_GIB: '0.5',
      ARKEEPER_SECRET_KEY: 'ab'.repeat(32),
      ARKEEPER_AUDIT_KEY: 'cd'.repeat(32),
      ARKEEPER_METRICS_TOKEN: 'a-token-for-metrics',
      ARKEEPER_WORKER_PORT: '9464',
      LOG_LEVEL: 'warn',
      ARKEEPER_LOG_LEVEL: 'debug',
    })
    expect(env).toMatchObject({
      port: 8080,
      publicUrl: 'https://ark.example',
      basePath: '/tools/arkeeper',
      storeDir: '/backups',
      workDir: '/shared/work',
      workFiles: 'folder',
      configFile: '/etc/arkeeper.json',
      databaseUrl: 'file:/db/ark.db',
      workers: 0,
      restoreBatch: 100,
      metricsToken: 'a-token-for-metrics',
      workerListener: { host: '127.0.0.1', port: 9464 },
      storeCacheBytes: 2 ** 29,
    })
    expect(env.secretKey?.length).toBe(32)
    expect(['10.1.2.3', '::1', '192.0.2.1'].filter(env.trustedProxies.holds)).toEqual(['10.1.2.3', '::1'])
  })

  test.each(['/', '//x', '/a/', 'a', '/a//b', '/a/../b', '/.', '/a b', '/a%2f', '/ä', '/a?b', '/a\nb'])(
    'refuses %j as a base path',
    (path) => {
      expect(() => readEnv({ ARKEEPER_BASE_PATH: path })).toThrowError(/ARKEEPER_BASE_PATH/)
    },
  )

  test('that is wrong is named in one line, and never quoted', () => {
    const read = () =>
      readEnv({ PORT: 'planted-1', LOG_LEVEL: 'planted-2', ARKEEPER_PUBLIC_URL: 'javascript:planted-3' })
    expect(read).toThrowError(
      expect.objectContaining({
        code: 'ENVIRONMENT_INVALID',
        message: expect.stringMatching(/^(?!.*planted)(?=.*PORT)(?=.*LOG_LEVEL)(?=.*ARKEEPER_PUBLIC_URL)[^\n]*$/),
      }),
    )
    expect(() => readEnv({ ARKEEPER_SECRET_KEY: 'planted' })).toThrowError(
      expect.objectContaining({ code: 'SECRET_KEY_INVALID', message: expect.not.stringContaining('planted') }),
    )
  })
})
