import { columnsSuite } from './columns/differential-suite.ts'

columnsSuite('columns')
