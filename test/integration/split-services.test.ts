import { afterAll, beforeAll } from '@jest/globals';
import { type RunningRedis, startRedis } from '../../libs/jobs/testing/index.js';
import {
  connectOverRedis,
  describeMarketPort,
  describePayoutsPort,
  describePlacementPort,
  describeRegistryPort,
} from '../../libs/services/testing/index.js';
import { requireCounterpart } from '../counterparts.js';

requireCounterpart('redis-server').describe("the operator's services over Redis", () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.stop();
  });

  const overRedis = connectOverRedis(() => redis.url);
  describeMarketPort('over Redis', overRedis);
  describePlacementPort('over Redis', overRedis);
  describeRegistryPort('over Redis', overRedis);
  describePayoutsPort('over Redis', overRedis);
});
