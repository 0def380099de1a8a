import { readFileSync } from 'node:fs'
import { Reader, type Response } from 'mmdb-lib'
import { errorMessage } from '#base/errors.ts'
import { type Extracted, extractedText } from './entry.ts'
import { compileJsonPath, type JsonPath } from './json-path.ts'
import { type StageDefinition, simpleStage } from './stage.ts'

interface Args {
  readonly db: string
  readonly source: string
  readonly db_type: '' | 'city' | 'asn' | 'country'
  readonly custom_lookups: Readonly<Record<string, string>>
}

type Lookup = readonly [name: string, path: JsonPath]

const COUNTRY: Readonly<Record<string, string>> = {
  geoip_country_name: 'country.names.en',
  geoip_country_code: 'country.iso_code',
  geoip_continent_name: 'continent.names.en',
  geoip_continent_code: 'continent.code',
}

/** What each kind of database gives, by the name it is extracted under. */
const LOOKUPS: Readonly<Record<Args['db_type'], Readonly<Record<string, string>>>> = {
  '': {},
  country: COUNTRY,
  city: {
    geoip_city_name: 'city.names.en',
    ...COUNTRY,
    geoip_location_latitude: 'location.latitude',
    geoip_location_longitude: 'location.longitude',
    geoip_postal_code: 'postal.code',
    geoip_timezone: 'location.time_zone',
    geoip_subdivision_name: 'subdivisions[0].names.en',
    geoip_subdivision_code: 'subdivisions[0].iso_code',
  },
  asn: {
    geoip_autonomous_system_number: 'autonomous_system_number',
    geoip_autonomous_system_organization: 'autonomous_system_organization',
  },
}

/** `stage.geoip`: extracts where an address is, from a database in MaxMind's format. */
export const geoipStage: StageDefinition<Args> = {
  name: 'stage.geoip',
  schema: {
    attributes: {
      db: { type: 'string', required: true },
      source: { type: 'string', required: true },
      db_type: { type: 'string', default: '' },
      custom_lookups: { type: { map: 'string' }, default: {} },
    },
    validate: (decoded) => {
      lookupsOf(decoded as unknown as Args)
    },
  },
  build(args, next, context) {
    const lookups = lookupsOf(args)
    const reader = openDatabase(args.db)
    return simpleStage(next, (entry) => {
      const address = extractedText(entry.extracted.get(args.source))
      if (address === undefined) return
      const record = find(reader, address)
      if (record === undefined) {
        context.logger.debug(
          { source: args.source, address },
          'stage.geoip: the address is in no known place',
        )
        return
      }
      for (const [name, path] of lookups) {
        const value = valueAt(path, record)
        if (value !== undefined) entry.extracted.set(name, value)
      }
    })
  },
}

function lookupsOf(args: Args): Lookup[] {
  if (args.db === '') throw new Error('db path cannot be empty')
  if (args.source === '') throw new Error('source cannot be empty')
  const custom = Object.entries(args.custom_lookups)
  if (args.db_type === '' && custom.length === 0) throw new Error('db type or custom lookups need to be set')
  const known = Object.hasOwn(LOOKUPS, args.db_type) ? LOOKUPS[args.db_type] : undefined
  if (known === undefined) throw new Error('db type should be either city, asn or country')
  return [...Object.entries(known), ...custom].map(([name, path]) => [name, compileJsonPath(path || name)])
}

function openDatabase(path: string): Reader<Response> {
  try {
    return new Reader<Response>(readFileSync(path))
  } catch (thrown) {
    throw new Error(`geoip stage: cannot read the database ${path}: ${errorMessage(thrown)}`)
  }
}

/** The record of an address; undefined where it is none, or is in no network of the database. */
function find(reader: Reader<Response>, address: string): unknown {
  try {
    return reader.get(address) ?? undefined
  } catch {
    return undefined
  }
}

function valueAt(path: JsonPath, record: unknown): Extracted | undefined {
  try {
    const value = path(record)
    if (value === null || value === undefined || value === '') return undefined
    return typeof value === 'object' ? JSON.stringify(value) : value
  } catch {
    return undefined
  }
}
