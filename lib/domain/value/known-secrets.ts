import type { ValueRule } from './value-rules.ts'

export interface KnownSecret extends ValueRule {
  /** For people: whose secret it is. */
  readonly what: string
}

const mask = (id: string, pattern: string, what: string): KnownSecret => ({
  id,
  pattern,
  what,
  ignoreCase: true,
  effect: 'mask',
  leastRole: 'operator',
  recordsReads: false,
})

/**
 * Places that look like secrets, masked from the start. A name that says so hides what lies below it too; applications may live below any
 * chroot, so every pattern begins at any depth.
 */
export const KNOWN_SECRETS: readonly KnownSecret[] = [
  mask('name-password', '/**/*password*/**', 'Names with “password”'),
  mask('name-passwd', '/**/*passwd*/**', 'Names with “passwd”'),
  mask('name-passphrase', '/**/*passphrase*/**', 'Names with “passphrase”'),
  mask('name-secret', '/**/*secret*/**', 'Names with “secret”'),
  mask('name-token', '/**/*token*/**', 'Names with “token”; also those of HBase, Hadoop, Hive and Kafka delegation'),
  mask('name-credential', '/**/*credential*/**', 'Names with “credential”'),
  mask('name-apikey', '/**/*apikey*/**', 'Names with “apikey”'),
  mask('name-api-key', '/**/*api-key*/**', 'Names with “api-key”'),
  mask('name-api_key', '/**/*api_key*/**', 'Names with “api_key”'),
  mask('name-privatekey', '/**/*privatekey*/**', 'Names with “privatekey”'),
  mask('name-private-key', '/**/*private-key*/**', 'Names with “private-key”'),
  mask('name-private_key', '/**/*private_key*/**', 'Names with “private_key”'),
  mask('name-keytab', '/**/*keytab*/**', 'Names with “keytab”'),
  mask('name-keystore', '/**/*keystore*/**', 'Names with “keystore”'),
  mask('kafka-users', '/**/config/users/**', 'Kafka: SCRAM credentials of users'),
  // Broker settings that are passwords stand in it encrypted, with a secret that often lies on every broker.
  mask('kafka-brokers', '/**/config/brokers/**', 'Kafka: settings of brokers, with the passwords of listeners'),
  mask('kafka-delegation', '/**/delegation_token/tokens/**', 'Kafka: delegation tokens with their HMAC'),
  mask('solr-security', '/**/security.json', 'Solr: users with the hashes of their passwords'),
  mask('clickhouse-access', '/**/clickhouse/access/**', 'ClickHouse: users with the hashes of their passwords'),
  mask('nifi-components', '/**/nifi/components/**', 'NiFi: state of components, which may hold session keys'),
  mask('dubbo-config', '/**/dubbo/config/**', 'Dubbo: configuration centre, with passwords of registries'),
  mask('pulsar-clusters', '/**/admin/clusters/*', 'Pulsar: clusters, with the parameters that brokers sign in with'),
  mask('hadoop-dt-keys', '/**/ZKDTSMMasterKeyRoot/**', 'Hadoop: master keys of delegation tokens'),
  mask('hive-delegation', '/**/hivedelegation/**', 'Hive: keys and delegation tokens'),
]
