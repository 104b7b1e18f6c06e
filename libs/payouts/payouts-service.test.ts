import { connectLocally, describePayoutsPort } from '../services/testing/index.js';

describePayoutsPort('in this process', connectLocally);
