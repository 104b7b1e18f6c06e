import { connectLocally, describeMarketPort } from '../services/testing/index.js';

describeMarketPort('in this process', connectLocally);
