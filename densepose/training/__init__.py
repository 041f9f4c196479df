"""Training the networks on DensePose-COCO files: examples, augmentation, losses, the loop."""
