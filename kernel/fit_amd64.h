// The offsets in a Fit and in FitUnits, 64 bytes a field of 16 lanes.
#define SCALE 0
#define INVERSE 64
#define OFFSET 128
#define ERROR 192
#define R 256
#define QR 320
#define Q 384
#define QQ 448
#define WHOLE 512
#define MINIMUM 576

#define UNIT 0
#define UNITMIN 64
#define UNITINVERSE 128
#define UNITMININVERSE 192
#define UNITWEIGHT 256
#define LO 320
#define HI 324
#define TOP 328
#define MORESCALE 332
#define MOREMINIMUM 336
