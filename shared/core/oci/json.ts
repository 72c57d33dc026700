export { JsonBounds, jsonIn, JsonOutOfBounds, maxJsonDepth, maxJsonValues, parseJson } from '../../../bounds/json.ts';
