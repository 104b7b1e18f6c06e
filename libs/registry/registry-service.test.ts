import { connectLocally, describeRegistryPort } from '../services/testing/index.js';

describeRegistryPort('in this process', connectLocally);
