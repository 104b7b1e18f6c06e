import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type BullJobQueueOptions, createBullJobQueue } from './bull-job-queue.js';
import { createEmbeddedJobQueue, type EmbeddedJobQueueOptions } from './embedded-job-queue.js';
import { JOB_QUEUE, type JobQueue } from './job-queue.js';

/** Provides the process's `JobQueue` under `JOB_QUEUE` and closes it, after running handlers, on shutdown. */
@Module({})
export class JobsModule implements OnApplicationShutdown {
  constructor(@Inject(JOB_QUEUE) private readonly queue: JobQueue) {}

  /** Jobs in a SQLite file of this process's data folder. */
  static embedded(options: EmbeddedJobQueueOptions): DynamicModule {
    return moduleWith(() => createEmbeddedJobQueue(options));
  }

  /** Jobs in Redis, shared by all processes of one operator. */
  static redis(options: BullJobQueueOptions): DynamicModule {
    return moduleWith(() => createBullJobQueue(options));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close({ graceMs: 5_000 });
  }
}

function moduleWith(useFactory: () => Promise<JobQueue>): DynamicModule {
  return {
    module: JobsModule,
    global: true,
    providers: [{ provide: JOB_QUEUE, useFactory }],
    exports: [JOB_QUEUE],
  };
}
