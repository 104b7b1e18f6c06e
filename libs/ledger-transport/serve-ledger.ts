import type { INestApplication } from '@nestjs/common';
import { assertRedisReachable, SteadyRedisServer } from '#redis';

/**
 * Lets other processes of this operator reach the ledger of an app that imports LedgerMessagesModule. The connection
 * ends with the app.
 * @throws AppError `redis/unreachable`
 */
export async function serveLedgerOnRedis(app: INestApplication, redisUrl: string): Promise<void> {
  await assertRedisReachable(redisUrl);
  app.connectMicroservice({ strategy: new SteadyRedisServer(redisUrl) });
  await app.startAllMicroservices();
}
