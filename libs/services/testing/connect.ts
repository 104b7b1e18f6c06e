import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SteadyRedisServer } from '#redis';
import { createMessageController } from '../message-controller.js';
import { ServiceClient } from '../service-client.js';
import { SERVICES } from '../services-module.js';
import { ValuesModule } from '../values-module.js';
import type { ConnectPort } from './service-scene.js';

/** The service as a module of the same process gives it. */
export const connectLocally: ConnectPort = async (name, local) => ({
  port: local[name],
  close: async () => undefined,
});

@Module({})
class ServiceHost {}

/** The service behind Nest's Redis transport, asked as another process would ask it. */
export const connectOverRedis =
  (redisUrl: () => string): ConnectPort =>
  async (name, local) => {
    const { contract, token } = SERVICES[name];
    const host = await NestFactory.createMicroservice(
      {
        module: ServiceHost,
        imports: [ValuesModule.of(new Map([[token, local[name]]]))],
        controllers: [createMessageController(contract, token)],
      },
      { strategy: new SteadyRedisServer(redisUrl()), logger: false },
    );
    await host.listen();
    const client = new ServiceClient({ redisUrl: redisUrl(), timeoutMs: 20_000 });
    return {
      port: client.port(contract) as never,
      close: async () => {
        await client.close();
        await host.close();
      },
    };
  };
