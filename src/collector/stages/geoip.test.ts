import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MmdbValue, mmdbFile } from '../testing/mmdb-file.ts'
import { runStages } from '../testing/run-stages.ts'

const CITY = {
  city: { names: { en: 'Oxford', de: 'Oxford (de)' } },
  country: { iso_code: 'GB', names: { en: 'United Kingdom' } },
  continent: { code: 'EU', names: { en: 'Europe' } },
  location: { latitude: 51.5, longitude: -0.25, time_zone: 'Europe/London' },
  postal: { code: 'OX1' },
  subdivisions: [{ iso_code: 'ENG', names: { en: 'England' } }],
} satisfies MmdbValue
const ASN = { autonomous_system_number: 1337, autonomous_system_organization: 'Just a test' }

let folder: string
const file = (name: string): string => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'logboom-geoip-'))
  writeFileSync(file('city.mmdb'), mmdbFile('192.0.2.1', CITY))
  writeFileSync(file('asn.mmdb'), mmdbFile('192.0.2.1', ASN))
  writeFileSync(file('bad.mmdb'), 'no database')
})
afterAll(() => rmSync(folder, { recursive: true }))

async function labelsOf(line: string, args: Record<string, unknown>, names: readonly string[]) {
  const values = Object.fromEntries(names.map((name) => [name, '']))
  const stages = [
    ['regex', { expression: '(?P<ip>\\S+)' }],
    ['geoip', { source: 'ip', ...args, db: file(String(args.db)) }],
    ['labels', { values }],
  ] as const
  const { app: _, ...labels } = (await runStages(stages, [line]))[0].labels
  return labels
}

describe('stage.geoip', () => {
  const city = {
    geoip_city_name: 'Oxford',
    ...{ geoip_country_name: 'United Kingdom', geoip_country_code: 'GB' },
    ...{ geoip_continent_name: 'Europe', geoip_continent_code: 'EU' },
    ...{ geoip_location_latitude: '51.5', geoip_location_longitude: '-0.25' },
    ...{ geoip_postal_code: 'OX1', geoip_timezone: 'Europe/London' },
    ...{ geoip_subdivision_name: 'England', geoip_subdivision_code: 'ENG' },
  }
  const { geoip_country_name, geoip_country_code, geoip_continent_name, geoip_continent_code } = city
  const country = { geoip_country_name, geoip_country_code, geoip_continent_name, geoip_continent_code }
  const asn = {
    geoip_autonomous_system_number: '1337',
    geoip_autonomous_system_organization: 'Just a test',
  }
  test.each<[Record<string, unknown>, Record<string, string>]>([
    [{ db: 'city.mmdb', db_type: 'city' }, city],
    [{ db: 'city.mmdb', db_type: 'country' }, country],
    [{ db: 'asn.mmdb', db_type: 'asn' }, asn],
    [
      { db: 'city.mmdb', custom_lookups: { german: 'city.names.de', iso: 'country.iso_code || `"?"`' } },
      { german: 'Oxford (de)', iso: 'GB' },
    ],
  ])('%j', async (args, expected) => {
    const names = [...Object.keys(city), ...Object.keys(asn), 'german', 'iso']
    expect(await labelsOf('192.0.2.1', args, names)).toEqual(expected)
  })

  test.each(['192.0.2.2', 'text', '2001:db8::1'])('%s is nowhere', async (address) => {
    expect(await labelsOf(address, { db: 'city.mmdb', db_type: 'city' }, Object.keys(city))).toEqual({})
  })

  test.each<[Record<string, unknown>, string]>([
    [{ db: 'gone.mmdb', db_type: 'city' }, 'cannot read the database'],
    [{ db: 'bad.mmdb', db_type: 'city' }, 'cannot read the database'],
    [{ db: 'city.mmdb' }, 'db type or custom lookups need to be set'],
    [{ db: 'city.mmdb', db_type: 'fake' }, 'db type should be either city, asn or country'],
    [{ db: 'city.mmdb', custom_lookups: { a: '.-bad' } }, 'could not compile JMES expression'],
  ])('%j is refused', async (args, message) => {
    await expect(labelsOf('x', args, [])).rejects.toThrow(message)
  })
})
